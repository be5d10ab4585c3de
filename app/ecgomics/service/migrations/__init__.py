"""How the schema grew; run by `database.migrate` whenever a database is opened."""
