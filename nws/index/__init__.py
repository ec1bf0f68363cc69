"""The split Parquet index: light metadata apart from heavy arrays; it must not know of runs or folders of views."""
