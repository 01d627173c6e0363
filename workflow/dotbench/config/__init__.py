"""From YAML to what is to be made: the configuration's settings, the plan, what each job reads."""
