# Imported targets over the PyTorch wheel. The wheel's own find_package(Torch) demands a CUDA toolkit, so we name what we
# need ourselves: a CPU build links torch_cpu and c10 only. The wheel's torch_cpu needs cudart and cupti besides; linker and
# loader find them by its own RPATH, so no CUDA folder ever enters ours. A CUDA build links libtorch_cuda and libc10_cuda,
# too; what these need (cuBLAS, cuDNN, NCCL, ...) is found by their RPATHs when the program starts, and need not be there to
# link: only a machine with a GPU has to have it.
if(SAC_CUDA)
  set(SAC_LIBTORCH_VARIANT --cuda)
endif()
set(TORCH_ROOT "$ENV{TORCH_ROOT}" CACHE PATH "Folder that holds torch/ (an unpacked wheel or a site-packages folder)")
if(NOT TORCH_ROOT)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/bootstrap.sh ${SAC_LIBTORCH_VARIANT} --where
    OUTPUT_VARIABLE where OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(TORCH_ROOT "${where}" CACHE PATH "" FORCE)
endif()
if(NOT EXISTS "${TORCH_ROOT}/torch/lib/libtorch_cpu.so")
  message(FATAL_ERROR "TORCH_ROOT='${TORCH_ROOT}' holds no torch/lib/libtorch_cpu.so; run `make build`, which brings LibTorch, "
                      "or pass -DTORCH_ROOT=FOLDER (the folder that holds torch/)")
endif()

add_library(torch_c10 SHARED IMPORTED)
set_target_properties(torch_c10 PROPERTIES IMPORTED_LOCATION "${TORCH_ROOT}/torch/lib/libc10.so")
add_library(torch_cpu SHARED IMPORTED)
set_target_properties(torch_cpu PROPERTIES IMPORTED_LOCATION "${TORCH_ROOT}/torch/lib/libtorch_cpu.so")
target_include_directories(torch_cpu INTERFACE
  "${TORCH_ROOT}/torch/include" "${TORCH_ROOT}/torch/include/torch/csrc/api/include")
target_compile_definitions(torch_cpu INTERFACE AT_PER_OPERATOR_HEADERS)  # LibTorch's headers then include what they use
add_library(torch_openmp SHARED IMPORTED)
set_target_properties(torch_openmp PROPERTIES IMPORTED_LOCATION "${TORCH_ROOT}/torch/lib/libgomp.so.1")
target_link_libraries(torch_cpu INTERFACE torch_c10 torch_openmp)

if(SAC_CUDA)
  if(NOT EXISTS "${TORCH_ROOT}/torch/lib/libtorch_cuda.so")
    message(FATAL_ERROR "SAC_CUDA=ON, but TORCH_ROOT='${TORCH_ROOT}' holds no torch/lib/libtorch_cuda.so; run `make cuda`, which "
                        "brings one, or pass -DTORCH_ROOT=FOLDER of a PyTorch with CUDA")
  endif()
  # Nobody names its symbols: LibTorch finds the GPU through what the library registers when it is loaded.
  target_link_options(torch_cpu INTERFACE
    "LINKER:--push-state,--no-as-needed,${TORCH_ROOT}/torch/lib/libtorch_cuda.so,${TORCH_ROOT}/torch/lib/libc10_cuda.so,--pop-state"
    "LINKER:--unresolved-symbols=ignore-in-shared-libs")

  # CUDA's and NCCL's headers, from the wheels; a PyTorch without them must come with a toolkit, of which only headers count.
  # For INCLUDE_DIRECTORIES of the few sources that want them: all others compile as in a CPU build.
  find_path(SAC_CUDA_INCLUDE crt/host_defines.h
    HINTS "${TORCH_ROOT}/nvidia/cu13/include" PATHS /usr/local/cuda/include REQUIRED NO_CMAKE_SYSTEM_PATH)
  find_path(SAC_NCCL_INCLUDE nccl.h HINTS "${TORCH_ROOT}/nvidia/nccl/include" NO_CMAKE_SYSTEM_PATH)
  set(SAC_CUDA_INCLUDES ${SAC_CUDA_INCLUDE})
  if(SAC_NCCL_INCLUDE)
    list(APPEND SAC_CUDA_INCLUDES ${SAC_NCCL_INCLUDE})
  endif()
endif()
