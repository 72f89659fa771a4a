// musterd/names -- the small turns of the wiring: settings handed on, names of the doors, signals,
// first operator. Main thread, where nothing else is said.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "api/api.h"
#include "desk/server_certificate.h"
#include "gateway/gateway.h"
#include "musterd/config.h"
#include "musterd/folder.h"

namespace muster {

Names names_of(const Config&);
desk::ServerTerms server_terms(const Config&);

response::Settings response_settings(const Config&);
retirement::Settings retirement_settings(const Config&);
gateway::Settings gateway_settings(const Config&, const Folder&);
desk::TelemetrySettings telemetry_settings(const Config&);
api::Settings api_settings(const Config&, const Folder&);

Result<void> set_log_level(const std::string&);
// SIGTERM and SIGINT wait for wait_for_signal(); SIGPIPE and SIGXFSZ are ignored.
sigset_t hold_signals();
void wait_for_signal(const sigset_t&);
// The domain's thread. When the store breaks nothing more can be promised: the program ends, as by
// SIGTERM.
Result<void> run_or_end_program(desk::Desk&);

// At first start: the operator "admin", whose token goes to admin.token before anybody could need
// it.
Result<void> first_operator(const Folder&, api::Operators&, store::Store&, ledger::Ledger&);
std::string console_link(api::Api&, store::Store&,
                         ledger::Ledger&);  // durable before it is printed
void say_ready(const std::string& console_link);
Result<void> write_ports(const Folder&, const Config&, const gateway::Gateway::Ports&,
                         std::uint16_t operator_port);

}  // namespace muster
