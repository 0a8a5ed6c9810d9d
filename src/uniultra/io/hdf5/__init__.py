"""HDF5 of beamforming and research toolboxes: zea's files and USTB's UFF."""
