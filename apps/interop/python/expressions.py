"""Values that are written as Python writes them: the channel between the two halves of a test has no part in what is tested."""
import datetime
from decimal import Decimal
from uuid import UUID

names = {"datetime": datetime, "Decimal": Decimal, "UUID": UUID, "nan": float("nan"), "inf": float("inf")}


def evaluate(expression):
    return eval(expression, dict(names))  # expressions of the tests, and of nobody else
