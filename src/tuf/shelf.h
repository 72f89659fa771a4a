// tuf/shelf -- where trusted metadata is kept between updates: whole texts by name.
//
// A text that write() returned for is there after a power cut, whole. What is read from a shelf is
// verified again each time (tuf/client.h): whoever can write to the disk can take away, and no
// more. Used by one thread at a time; calls block.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::tuf {

class Shelf {
 public:
  virtual ~Shelf() = default;
  // nullopt: it is not there.
  virtual Result<std::optional<std::string>> read(const std::string& name,
                                                  std::size_t max) const = 0;
  virtual Result<void> write(const std::string& name, std::string_view text) = 0;
  virtual Result<void> remove(const std::string& name) = 0;  // not being there is no failure
};

class FolderShelf final : public Shelf {
 public:
  static Result<FolderShelf> open(std::filesystem::path folder);  // makes it when missing
  Result<std::optional<std::string>> read(const std::string& name, std::size_t max) const override;
  Result<void> write(const std::string& name, std::string_view text) override;
  Result<void> remove(const std::string& name) override;

 private:
  explicit FolderShelf(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

// Forgets all at its end: for who only wants to know whether a repository holds together.
class MemoryShelf final : public Shelf {
 public:
  Result<std::optional<std::string>> read(const std::string& name, std::size_t max) const override;
  Result<void> write(const std::string& name, std::string_view text) override;
  Result<void> remove(const std::string& name) override;

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace muster::tuf
