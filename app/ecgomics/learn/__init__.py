"""Teaching: examined virtual patients, cases, questions, scores, and when to ask again. No page, no database."""
