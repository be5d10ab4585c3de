"""Records: bytes to recordings in mV, one module per format behind one guarded door."""

from ecgomics.records.assembly import assemble
from ecgomics.records.door import read
from ecgomics.records.inspection import describe
from ecgomics.records.kinds import Format, formats, formats_table
from ecgomics.records.labels import LabelTable, find_labels, is_label_table, read_labels
from ecgomics.records.record import Annotation, Description, Label, Record
from ecgomics.records.walk import RecordFile, find

__all__ = [
    "Annotation",
    "Description",
    "Format",
    "Label",
    "LabelTable",
    "Record",
    "RecordFile",
    "assemble",
    "describe",
    "find",
    "find_labels",
    "formats",
    "formats_table",
    "is_label_table",
    "read",
    "read_labels",
]
