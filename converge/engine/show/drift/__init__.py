"""The drift report in its forms: for people, for programs, for monitoring. One file a form."""
