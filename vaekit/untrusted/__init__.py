"""Opening what others wrote: every file of a stranger's is read through this package.

Nothing here runs what a file holds, follows where it leads, or allocates what it merely declares.
HDF5, whose library crashes on malformed files, is parsed in a process of its own; see `hdf5`.
The package knows nothing of Keras: `vaekit.model_files` rebuilds models from what is read here.
"""
