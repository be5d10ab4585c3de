"""Records: bytes to recordings in mV, one module per format behind one guarded door."""

from ecgomics.records.door import read
from ecgomics.records.labels import LabelTable, find_labels, is_label_table, read_labels
from ecgomics.records.record import Description, Label, Record, assemble
from ecgomics.records.walk import RecordFile, find

__all__ = [
    "Description",
    "Label",
    "LabelTable",
    "Record",
    "RecordFile",
    "assemble",
    "find",
    "find_labels",
    "is_label_table",
    "read",
    "read_labels",
]
