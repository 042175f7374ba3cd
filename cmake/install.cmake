# The CMake package `sluice` with its components `sqlite`, `gzip`, `zstd` and `prometheus`, and files for pkg-config.

include(CMakePackageConfigHelpers)

install(TARGETS sluice EXPORT sluice-targets FILE_SET HEADERS)
install(EXPORT sluice-targets NAMESPACE sluice:: DESTINATION ${SLUICE_INSTALL_CMAKEDIR})
# A package of the headers alone serves users with and without SQLite and the like: their targets are made where they
# are looked for.
configure_file(cmake/sluice-config.cmake.in sluice-config.cmake @ONLY)
write_basic_package_version_file(sluice-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/sluice-config.cmake ${PROJECT_BINARY_DIR}/sluice-config-version.cmake
              cmake/sluice-compression.cmake
        DESTINATION ${SLUICE_INSTALL_CMAKEDIR})

foreach(package sluice sluice-sqlite sluice-gzip sluice-zstd sluice-prometheus)
    configure_file(cmake/${package}.pc.in ${package}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
endforeach()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice)
