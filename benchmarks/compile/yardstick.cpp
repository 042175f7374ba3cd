// What a translation unit pays that only includes what an HTTPS client of one's own would be made of.

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/json.hpp>

int main() {}
