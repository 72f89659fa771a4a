#include "scenario/logs.h"

#include <algorithm>

namespace muster::scenario {

std::vector<std::string> signed_serials(const desk::testing::WholeDomain& whole) {
  std::vector<std::string> out;
  for (const auto& one : expect(whole.keeper.since(0, SIZE_MAX)))
    if (one.kind == signer::Template::device) out.push_back(crypto::serial_hex(one.serial));
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> recorded_serials(const desk::testing::WholeDomain& whole) {
  std::vector<std::string> out;
  for (const auto& recorded : expect(whole.ledger.entries(0, whole.ledger.size())))
    for (const char* action : {"certificate.issued", "certificate.withdrawn"})
      if (recorded.entry.action == action)
        out.push_back(*recorded.entry.detail.find("serial")->text());
  std::ranges::sort(out);
  return out;
}

}  // namespace muster::scenario
