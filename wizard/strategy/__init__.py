"""Which way to migrate: what a store holds, what each way comes to for it, and how an automatic migration goes on."""
