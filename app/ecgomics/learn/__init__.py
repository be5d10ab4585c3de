"""Teaching: examined virtual patients, cases, questions, scores, and when to ask again. No page, no database."""

from ecgomics.learn.casebook import Casebook, casebook
from ecgomics.learn.cases import Case, case_of, case_schema, load_cases, read_case
from ecgomics.learn.examination import Examination, Standing, examine, examine_many, examine_recording
from ecgomics.learn.form import Field, Target, field_of, form, targets_of
from ecgomics.learn.language import LANGUAGES, Catalogue, catalogue_of
from ecgomics.learn.progress import Ability, Answered, abilities, next_topic
from ecgomics.learn.questions import Question, draw_question, question_of
from ecgomics.learn.reaching import Reach, reaches, sliders_for
from ecgomics.learn.repetition import Memory, grade, reviewed
from ecgomics.learn.scoring import Mark, mark, mark_again, mark_all, mark_choice, total
from ecgomics.learn.topics import LESSONS, TOPICS, Teaching, teachings

__all__ = [
    "LANGUAGES",
    "LESSONS",
    "TOPICS",
    "Ability",
    "Answered",
    "Case",
    "Casebook",
    "Catalogue",
    "Examination",
    "Field",
    "Mark",
    "Memory",
    "Question",
    "Reach",
    "Standing",
    "Target",
    "Teaching",
    "abilities",
    "case_of",
    "case_schema",
    "casebook",
    "catalogue_of",
    "draw_question",
    "examine",
    "examine_many",
    "examine_recording",
    "field_of",
    "form",
    "grade",
    "load_cases",
    "mark",
    "mark_again",
    "mark_all",
    "mark_choice",
    "next_topic",
    "question_of",
    "read_case",
    "reaches",
    "reviewed",
    "sliders_for",
    "targets_of",
    "teachings",
    "total",
]
