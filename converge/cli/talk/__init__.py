"""With a person: options and colours, questions, progress, the same look again and again."""
