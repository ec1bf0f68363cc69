"""Running pipelines: from configs to tasks, fits, outcomes and published records; it must not know of a terminal."""
