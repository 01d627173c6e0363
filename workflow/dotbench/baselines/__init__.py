"""Reference methods: popularity, and adapters to scikit-surprise, one per file."""
