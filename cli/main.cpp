#include <exception>
#include <new>

#include "cli/app.h"
#include "cli/output.h"
#include "engine/core/error.h"

int main(int argc, char** argv) {
  try {
    return static_cast<int>(sac::run_app(argc, argv));
  } catch (const sac::Error& error) {
    sac::print_error(error.what());
    return static_cast<int>(error.exit_code());
  } catch (const std::bad_alloc&) {
    sac::print_error("out of memory");
  } catch (const std::exception& error) {
    sac::print_error(error.what());
  }
  return static_cast<int>(sac::ExitCode::kRunFailed);
}
