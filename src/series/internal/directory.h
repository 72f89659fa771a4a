// directory -- which number stands for which metric of which device. Numbers are given in order and
// never taken back. In memory; who owns it writes down what is new. One thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "series/internal/point_log.h"
#include "series/series.h"

namespace muster::series {

inline constexpr std::size_t name_bytes_max = 1024;

class Directory {
 public:
  Key number_of(std::string_view device, std::string_view metric);  // gives the next one if need be
  bool place(const NewKey&);  // as stored; false when the number is taken by, or far from, another
  std::vector<std::string> metrics(std::string_view device) const;  // oldest first
  std::size_t size() const { return next_; }

  std::span<const NewKey> unlogged() const { return std::span(unsaved_).subspan(logged_); }
  std::span<const NewKey> unsaved() const { return unsaved_; }
  void mark_logged() { logged_ = unsaved_.size(); }
  void mark_saved();  // all of them

 private:
  struct Named {
    std::uint32_t metric;
    Key key;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

  std::uint32_t metric_number(std::string_view);

  ByText<std::vector<Named>> devices_;
  ByText<std::uint32_t> metric_numbers_;
  std::vector<std::string> metrics_;
  std::vector<NewKey> unsaved_;
  std::size_t logged_ = 0;  // of unsaved_, how many the log has
  Key next_ = 0;
};

}  // namespace muster::series
