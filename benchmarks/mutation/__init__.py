"""The mutation check: how many planted mistakes in the judging modules do their tests find."""
