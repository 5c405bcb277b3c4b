"""Parts of the skill benchmark."""
