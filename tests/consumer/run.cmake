# Installs BUILD under a prefix inside it, then configures, builds and runs the project in SOURCE against that.
cmake_minimum_required(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(prefix "${BUILD}/consumer/prefix")
set(build "${BUILD}/consumer/build")
file(REMOVE_RECURSE "${prefix}" "${build}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${build}" -G "${GENERATOR}"
  "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
run("${CMAKE_COMMAND}" --build "${build}")
run("${build}/consumer")
run("${build}/storage_test" --gtest_brief=1)
if(EXISTS "${prefix}/bin/functionfuse")
  run("${prefix}/bin/functionfuse" --help)
endif()
