// exposure/internal/fleet -- who runs which image, kept as the inventory changes, so that no
// question walks through every device. Domain thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "inventory/inventory.h"

namespace muster::exposure {

struct Running {  // the devices that run one image, in no order
  std::vector<const inventory::Device*> devices;
  std::array<std::size_t, 4> by_risk{};
  std::size_t isolated = 0;

  inventory::Risk highest_risk() const;
};

class Fleet {
 public:
  void follow(const inventory::Device&);  // as it is now; a device is never removed
  void follow_all(const ModelId&);        // of the model, whose risk may be another now
  const Running* running(const ModelId&, std::string_view version) const;  // null: nobody

 private:
  struct Place {
    Running* running;
    std::size_t at;
    inventory::Risk risk;
    bool isolated;
  };
  void leave(const inventory::Device&);

  std::map<std::pair<ModelId, std::string>, Running, std::less<>> images_;
  std::unordered_map<const inventory::Device*, Place> places_;
};

}  // namespace muster::exposure
