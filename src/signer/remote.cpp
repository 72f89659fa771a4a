#include "signer/remote.h"

#include "signer/frame.h"
#include "signer/internal/line.h"

namespace muster::signer {

RemoteIssuer::RemoteIssuer(Connect connect, RemoteSettings settings)
    : line_(std::make_unique<Line>(std::move(connect), settings)) {}

RemoteIssuer::~RemoteIssuer() = default;

void RemoteIssuer::issue(const Order& order, Answer<Bytes> answer) {
  auto octets = encode(order);
  if (!octets) return answer(std::unexpected(std::move(octets).error()));
  line_->ask(FrameType::issue, std::move(*octets), line_->settings().order_limit,
             std::move(answer));
}

void RemoteIssuer::make_list(const CrlOrder& order, Answer<Bytes> answer) {
  auto octets = encode(order);
  if (!octets) return answer(std::unexpected(std::move(octets).error()));
  line_->ask(FrameType::make_list, std::move(*octets), line_->settings().list_limit,
             std::move(answer));
}

void RemoteIssuer::since(std::uint64_t index, std::uint32_t limit,
                         Answer<std::vector<Issuance>> answer) {
  line_->ask(FrameType::since, encode(Since{index, limit}), line_->settings().order_limit,
             [answer = std::move(answer)](Result<Bytes> octets) mutable {
               if (!octets) return answer(std::unexpected(std::move(octets).error()));
               answer(decode_issuances(*octets));
             });
}

void RemoteIssuer::chain(Answer<std::vector<crypto::Certificate>> answer) {
  line_->ask(FrameType::chain, {}, line_->settings().order_limit,
             [answer = std::move(answer)](Result<Bytes> octets) mutable {
               if (!octets) return answer(std::unexpected(std::move(octets).error()));
               answer(decode_chain(*octets));
             });
}

namespace {

auto decoded_to(Issuer::Answer<Authorities> answer) {
  return [answer = std::move(answer)](Result<Bytes> octets) mutable {
    if (!octets) return answer(std::unexpected(std::move(octets).error()));
    answer(decode_authorities(*octets));
  };
}

}  // namespace

void RemoteIssuer::roll_over(RolloverOrder order, Answer<Authorities> answer) {
  line_->ask(FrameType::roll_over, encode(order), line_->settings().order_limit,
             decoded_to(std::move(answer)));
}

void RemoteIssuer::authorities(Answer<Authorities> answer) {
  line_->ask(FrameType::authorities, {}, line_->settings().order_limit,
             decoded_to(std::move(answer)));
}

}  // namespace muster::signer
