# Build switches and the one target, `sac_flags`, that carries warnings and sanitizers to our own code only.
option(SAC_BUILD_TESTS "Build the tests" ON)
option(SAC_BUILD_BENCH "Build the benchmarks" ON)
set(SAC_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")
option(SAC_CUDA "Link LibTorch's CUDA half: TORCH_ROOT must hold torch/lib/libtorch_cuda.so" OFF)
option(SAC_PCH "Precompile LibTorch's, GoogleTest's and CLI11's headers; without it every file includes what it needs itself" OFF)
option(SAC_WERROR "Treat warnings in our own code as errors" ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  if(SAC_PCH)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  endif()
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
  # Instrumented code confuses g++'s data flow: it then warns of initialised variables. Null pointers AddressSanitizer sees by
  # itself; checks of them, of alignment and of dynamic types at every access double the time that compiling takes.
  target_compile_options(sac_flags INTERFACE
    -fsanitize=${SAC_SANITIZE} -fno-sanitize=null,alignment,vptr -fno-omit-frame-pointer -g1 -Wno-maybe-uninitialized)
  target_link_options(sac_flags INTERFACE -fsanitize=${SAC_SANITIZE})
endif()

# sac_precompile(TARGET <header>... | REUSE_FROM OTHER): nothing without SAC_PCH.
function(sac_precompile target)
  if(NOT SAC_PCH)
    return()
  endif()
  if(ARGV1 STREQUAL REUSE_FROM)
    target_precompile_headers(${target} REUSE_FROM ${ARGV2})
  else()
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
  target_compile_options(${target} PRIVATE -fpch-preprocess)  # what ccache asks for
endfunction()
