# The CMake package `sluice` with its component `sqlite`, and files for pkg-config.

include(CMakePackageConfigHelpers)

install(TARGETS sluice EXPORT sluice-targets FILE_SET HEADERS)
install(EXPORT sluice-targets NAMESPACE sluice:: DESTINATION ${SLUICE_INSTALL_CMAKEDIR})
# A package of the headers alone serves users with and without SQLite: its target is made where it is looked for.
configure_file(cmake/sluice-config.cmake.in sluice-config.cmake @ONLY)
write_basic_package_version_file(sluice-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/sluice-config.cmake ${PROJECT_BINARY_DIR}/sluice-config-version.cmake
        DESTINATION ${SLUICE_INSTALL_CMAKEDIR})

foreach(package sluice sluice-sqlite)
    configure_file(cmake/${package}.pc.in ${package}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
endforeach()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice)
