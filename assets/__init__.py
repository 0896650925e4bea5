"""Templates, samples and schemas; read, never imported."""
