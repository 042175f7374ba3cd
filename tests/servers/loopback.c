/* Preloaded by servers.sh: what would listen on every address of the machine listens on 127.0.0.1 only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int bind(int socket, const struct sockaddr *address, socklen_t length) {
    int (*const next)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
    struct sockaddr_in place;
    if (address->sa_family != AF_INET || length < sizeof place) return next(socket, address, length);
    memcpy(&place, address, sizeof place);
    if (place.sin_addr.s_addr == htonl(INADDR_ANY)) place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return next(socket, (const struct sockaddr *)&place, sizeof place);
}
