// gateway/device_http -- the device door over HTTPS: update polling, reports and artifact downloads
// with Range, for devices that are not on MQTT and for those in quarantine or retiring, whose only
// path this is; and, beside our own paths, the APIs of update clients that we did not write. Loop
// thread.
#pragma once

#include "gateway/gateway.h"
#include "gateway/internal/ddi.h"
#include "gateway/internal/mender.h"
#include "gateway/internal/questions.h"
#include "gateway/internal/tally.h"
#include "net/http.h"

namespace muster::gateway {

class DeviceHttp final : public net::http::Service {
 public:
  DeviceHttp(const Settings&, Questions&, Tally&, const Clock&);
  std::expected<net::http::Admission, net::http::Response> admit(const net::http::Head&) override;
  void serve(net::http::Request, net::http::Respond) override;

 private:
  void ask(link::Request, std::string what, net::http::Respond);

  Questions& questions_;
  Tally& tally_;
  Ddi ddi_;
  Mender mender_;
};

}  // namespace muster::gateway
