"""Work over a whole workspace: bringing the index up to the refs, giving back the space of what nothing names.

These functions walk what the rooms below hand out; they must not know what a person asked for.
"""
