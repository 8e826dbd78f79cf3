# Compiles SOURCE, which must fail with the text that its first line names: // expect: <text>
cmake_minimum_required(VERSION 3.25)
file(READ "${SOURCE}" text)
if(NOT text MATCHES "^// expect: ([^\n]+)\n")
  message(FATAL_ERROR "${SOURCE}: the first line has to be '// expect: <text of the error>'")
endif()
set(expected "${CMAKE_MATCH_1}")

set(ENV{LC_ALL} C)
execute_process(
  # Without the compiler's quotes from the source: the text must come from a message.
  COMMAND "${CXX}" -std=c++20 -fsyntax-only -fmessage-length=0 -fno-diagnostics-show-caret "-I${INCLUDE}" "${SOURCE}"
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, and should not: ${expected}")
endif()
string(FIND "${output}" "${expected}" position)
if(position EQUAL -1)
  message("the compiler's output:\n${output}")  # not in the error below: that would be wrapped
  message(FATAL_ERROR "${SOURCE} does not compile, as it should, but this is not in the output: ${expected}")
endif()
