"""The one fence around expressions that a file or a person may write: formulas, conditions, values.

What is written is read into a syntax tree that has nodes for numbers, text, columns, lists, our own functions and
operators, and for nothing else: there is no attribute, no import and no name of Python to reach. The tree is worked out
by our own table of functions; nothing is ever given to Python, numpy or pandas as text. Length, depth and the size of
what comes out are bounded (`Limits`).
"""

# Rejected: ast.parse with a list of allowed nodes. Python's grammar lacks `~` between two sides, `||` and `a:b`, its
# parser can use up the stack on deep input, each new Python adds nodes to think of, and one node let through by
# mistake (Attribute) is a shell. Rejected too: DataFrame.eval, whose names reach Python's objects. With our own
# grammar, what isn't in the tree can't happen.
from gazeanalytics.expressions.algebra import Term, expand, summands
from gazeanalytics.expressions.coding import summing
from gazeanalytics.expressions.conditions import check_condition, select
from gazeanalytics.expressions.faults import ExpressionError, Limits, hold, limits, shorten
from gazeanalytics.expressions.grammar import parse
from gazeanalytics.expressions.matrices import Layout, Matrix, build
from gazeanalytics.expressions.tree import Bracket, Call, Chain, Name, Node, names, write
from gazeanalytics.expressions.values import Rows, numbers, remembering, work_out

__all__ = [
    "Bracket",
    "Call",
    "Chain",
    "ExpressionError",
    "Layout",
    "Limits",
    "Matrix",
    "Name",
    "Node",
    "Rows",
    "Term",
    "build",
    "check_condition",
    "expand",
    "hold",
    "limits",
    "names",
    "numbers",
    "parse",
    "remembering",
    "select",
    "shorten",
    "summands",
    "summing",
    "work_out",
    "write",
]
