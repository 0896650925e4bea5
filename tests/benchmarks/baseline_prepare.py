"""The script that people write: csv.DictReader and json.dumps, files by size. No checks, no rejects, no duplicates.

Usage: python baseline_prepare.py USERS.csv FOLDER
"""

import csv
import json
import sys
from pathlib import Path

LIMIT = 499_000


def main(source: Path, out: Path) -> None:
    out.mkdir(parents=True)
    users: list[str] = []
    size, number = 1, 1
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            user = {
                "user_id": row["id"],
                "email": row["email"].strip().lower(),
                "email_verified": row["email_verified"] == "true",
                "phone_number": row["phone"],
                "username": row["username"].lower(),
                "given_name": row["first_name"],
                "family_name": row["last_name"],
                "name": f"{row['first_name']} {row['last_name']}",
                "password_hash": row["password_hash"],
                "app_metadata": {
                    "plan": row["plan"],
                    "legacy_created": row["created"],
                    "legacy_last_login": row["last_login"],
                },
                "user_metadata": {"locale": row["locale"], "birth_date": row["birth_date"]},
            }
            text = json.dumps(user, ensure_ascii=False, separators=(",", ":"))
            bytes_ = len(text.encode()) + 1
            if size + bytes_ > LIMIT:
                (out / f"{number:05}.json").write_text("[" + ",".join(users) + "]", encoding="utf-8")
                users, size, number = [], 1, number + 1
            users.append(text)
            size += bytes_
    if users:
        (out / f"{number:05}.json").write_text("[" + ",".join(users) + "]", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
