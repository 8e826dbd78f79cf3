#pragma once

/// All of Function Fuse in C++: `namespace ff = functionfuse;`

#include "functionfuse/arrays/chunked_array.hpp"
#include "functionfuse/arrays/half.hpp"
#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/backends/graph_workflow.hpp"
#include "functionfuse/backends/local_workflow.hpp"
#include "functionfuse/backends/plugins.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/formats/hdf5.hpp"
#include "functionfuse/formats/zarr.hpp"
#include "functionfuse/pickle/pickle.hpp"
#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/serializers/dask_array_serializer.hpp"
#include "functionfuse/storage/storage_factory.hpp"
#include "functionfuse/workflow/workflow.hpp"
