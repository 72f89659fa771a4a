// The common shapes of a verb.
#include "base/file.h"
#include "muster/commands.h"

namespace muster {
namespace {

constexpr std::uint64_t file_max = 64 << 20;  // what a manifest may have; the controller's limit

}  // namespace

Result<void> show_list(Remote& remote, const Chosen& chosen, const std::string& target,
                       const std::vector<Column>& columns) {
  TRY(auto items, remote.list(target));
  if (chosen.json)
    print_json(wire::Json(std::move(items)));
  else
    print_table(items, columns);
  return {};
}

Result<void> show(const Chosen& chosen, const wire::Json& value) {
  if (chosen.json)
    print_json(value);
  else
    print_members(value);
  return {};
}

Result<void> show_one(Remote& remote, const Chosen& chosen, const std::string& target) {
  TRY(auto value, remote.get(target));
  return show(chosen, value);
}

Result<std::string> file_text(const std::string& path) {
  return read_file(path, file_max);
}

}  // namespace muster
