"""How we start a tool whose own command lets a file of the project decide how it ends.

Each module runs as a process of its own, with the interpreter that has the tool, and imports
nothing of ours.
"""
