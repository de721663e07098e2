# Build switches and the one target, `sac_flags`, that carries warnings and sanitizers to our own code only.
option(SAC_BUILD_TESTS "Build the tests" ON)
option(SAC_BUILD_BENCH "Build the benchmarks" ON)
set(SAC_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")
option(SAC_CUDA "Link LibTorch's CUDA half: TORCH_ROOT must hold torch/lib/libtorch_cuda.so" OFF)
option(SAC_WERROR "Treat warnings in our own code as errors" ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sac_flags INTERFACE)
target_include_directories(sac_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sac_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-math-errno -ffp-contract=off)
# g++ 12 warns of an impossible overlap inside std::string's own operator+ (GCC bug 105651).
target_compile_options(sac_flags INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
if(SAC_WERROR)
  target_compile_options(sac_flags INTERFACE -Werror)
endif()
if(SAC_SANITIZE)
  # Instrumented code confuses g++'s data flow: it then warns of initialised variables.
  target_compile_options(sac_flags INTERFACE
    -fsanitize=${SAC_SANITIZE} -fno-omit-frame-pointer -g1 -Wno-maybe-uninitialized)
  target_link_options(sac_flags INTERFACE -fsanitize=${SAC_SANITIZE})
endif()
