# Imported targets over the PyTorch wheel. The wheel's own find_package(Torch) demands a CUDA toolkit, so we name what we
# need ourselves: a CPU build links torch_cpu and c10 only; cudart and cupti are there because the wheel's torch_cpu
# was linked against them.
set(TORCH_ROOT "$ENV{TORCH_ROOT}" CACHE PATH "Folder that holds torch/ and nvidia/ (an unpacked wheel or a site-packages)")
if(NOT EXISTS "${TORCH_ROOT}/torch/lib/libtorch_cpu.so")
  message(FATAL_ERROR "TORCH_ROOT='${TORCH_ROOT}' holds no torch/lib/libtorch_cpu.so; run `make build`, which brings LibTorch, "
                      "or pass -DTORCH_ROOT=FOLDER (the folder that holds torch/)")
endif()

file(GLOB SAC_CUDART "${TORCH_ROOT}/nvidia/*/lib/libcudart.so.*")
if(NOT SAC_CUDART)
  message(FATAL_ERROR "no libcudart under ${TORCH_ROOT}/nvidia/*/lib; it comes with the wheel nvidia-cuda-runtime")
endif()
list(GET SAC_CUDART 0 SAC_CUDART)
get_filename_component(SAC_CUDA_LIB_DIR "${SAC_CUDART}" DIRECTORY)
set(SAC_TORCH_LIB_DIR "${TORCH_ROOT}/torch/lib")

add_library(torch_c10 SHARED IMPORTED)
set_target_properties(torch_c10 PROPERTIES IMPORTED_LOCATION "${SAC_TORCH_LIB_DIR}/libc10.so")
add_library(torch_cpu SHARED IMPORTED)
set_target_properties(torch_cpu PROPERTIES IMPORTED_LOCATION "${SAC_TORCH_LIB_DIR}/libtorch_cpu.so")
target_include_directories(torch_cpu SYSTEM INTERFACE
  "${TORCH_ROOT}/torch/include" "${TORCH_ROOT}/torch/include/torch/csrc/api/include")
target_link_libraries(torch_cpu INTERFACE torch_c10)
# The wheel's libraries find each other by RPATH at run time; at link time the linker needs to be told.
target_link_options(torch_cpu INTERFACE
  "LINKER:-rpath-link,${SAC_TORCH_LIB_DIR}" "LINKER:-rpath-link,${SAC_CUDA_LIB_DIR}"
  "LINKER:-rpath,${SAC_TORCH_LIB_DIR}" "LINKER:-rpath,${SAC_CUDA_LIB_DIR}")
