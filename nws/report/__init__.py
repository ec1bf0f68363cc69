"""What people look at: pictures of pipelines and runs, cards of models, reports of runs, datasets and workspaces.

Nothing here is part of a record; all of it can be made again. This room must not know argv or terminal.
"""
