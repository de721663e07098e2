# Imported targets over the PyTorch wheel. The wheel's own find_package(Torch) demands a CUDA toolkit, so we name what we
# need ourselves: a CPU build links torch_cpu and c10 only. The wheel's torch_cpu needs cudart and cupti besides; linker and
# loader find them by its own RPATH, so no CUDA folder ever enters ours.
set(TORCH_ROOT "$ENV{TORCH_ROOT}" CACHE PATH "Folder that holds torch/ (an unpacked wheel or a site-packages folder)")
if(NOT TORCH_ROOT)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/bootstrap.sh --where
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
target_link_libraries(torch_cpu INTERFACE torch_c10)
