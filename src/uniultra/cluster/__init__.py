"""The former name of `uniultra.batch`: what scripts imported from it runs on."""
