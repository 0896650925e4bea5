"""Import jobs: handed over, followed to their end, and every user of them accounted for."""
