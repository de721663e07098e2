#pragma once

namespace sac {

/// Creates MLflow's tracking tables as of Alembic revision 2d6e25af4d3e (MLflow 2.5): a revision that every later
/// MLflow brings up to date when it opens the file. Constraints carry MLflow's names, by which its migrations find
/// them.
extern const char* const kMlflowSchema;

}  // namespace sac
