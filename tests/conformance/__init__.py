"""The conformance runner: the library against folders of shared cases, topic by topic."""
