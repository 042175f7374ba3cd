#include "fuzz.hpp"

#include <sluice/aws/profiles.hpp>
#include <sluice/credentials/profile_chain.hpp>

#include <string>

using namespace sluice;

/// The shared files: half of the input is the one, half the other. Names are what they may be, and every profile leads
/// somewhere or nowhere, but not in circles.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    const auto profiles = aws::parse_profiles(text.substr(0, size / 2), text.substr(size / 2));
    if (!profiles) return 0;
    for (const auto* sections : {&profiles->profiles, &profiles->sso_sessions, &profiles->services}) {
        for (const auto& [name, properties] : *sections) {
            demand(!name.empty() && name.find('\n') == std::string::npos);
            for (const auto& [key, value] : properties) {
                demand(!key.empty() && key.find('\n') == std::string::npos);
                const auto below = aws::sub_properties(value);
                demand(below.size() <= value.size());
            }
        }
    }
    for (const auto& [name, properties] : profiles->profiles) {
        std::string complaint;
        const auto chain = profile_chain(*profiles, name, &complaint);
        demand(chain.has_value() || !complaint.empty() || chain.error() == error::credentials_missing);
    }
    return 0;
}
