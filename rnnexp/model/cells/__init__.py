"""The equations of the recurrent cells."""
