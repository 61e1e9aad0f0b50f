"""Values and ports. Imports nothing of ours; everything else imports this."""
