"""Calls of nws as tests make them, where something is left out that only takes time."""


def without_pictures(words):
    """Return the words of a call that draws no pictures, unless it says which."""
    words = [str(word) for word in words]
    if words[:1] != ["run"] or {"--charts", "--help"} & set(words):
        return words
    return ["run", "--charts", "none", *words[1:]]
