"""Virtual patients: parameters to twelve leads, with every mark's true time known. All of it is synthetic."""

from ecgomics.simulate.conditions import CONDITIONS, Condition, draw_patient
from ecgomics.simulate.demo import demo_patients
from ecgomics.simulate.patient import VirtualPatient
from ecgomics.simulate.recording import VirtualRecord, heart_vector, simulate

__all__ = [
    "CONDITIONS",
    "Condition",
    "VirtualPatient",
    "VirtualRecord",
    "demo_patients",
    "draw_patient",
    "heart_vector",
    "simulate",
]
