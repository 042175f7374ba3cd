# What sluice::gzip and sluice::zstd link, looked for alike by the build and by the package. Of libdeflate and zstd the
# files count, since not every distribution has CMake packages of them.

option(SLUICE_LIBDEFLATE "Let sluice::gzip use libdeflate, which is faster than zlib, if it is there." ON)
find_package(ZLIB 1.2.13 QUIET)
find_path(SLUICE_LIBDEFLATE_INCLUDE libdeflate.h)
find_library(SLUICE_LIBDEFLATE_LIBRARY NAMES deflate libdeflate)
find_path(SLUICE_ZSTD_INCLUDE zstd.h)
find_library(SLUICE_ZSTD_LIBRARY NAMES zstd libzstd)
mark_as_advanced(SLUICE_LIBDEFLATE_INCLUDE SLUICE_LIBDEFLATE_LIBRARY SLUICE_ZSTD_INCLUDE SLUICE_ZSTD_LIBRARY)

# Makes interface libraries of these names, of those whose library is there; what follows goes to add_library.
function(sluice_add_compression gzip zstd)
    if(SLUICE_LIBDEFLATE AND SLUICE_LIBDEFLATE_INCLUDE AND SLUICE_LIBDEFLATE_LIBRARY)
        add_library(${gzip} INTERFACE ${ARGN})
        target_compile_definitions(${gzip} INTERFACE SLUICE_LIBDEFLATE)
        target_include_directories(${gzip} SYSTEM INTERFACE ${SLUICE_LIBDEFLATE_INCLUDE})
        target_link_libraries(${gzip} INTERFACE sluice::sluice ${SLUICE_LIBDEFLATE_LIBRARY})
    elseif(ZLIB_FOUND)
        add_library(${gzip} INTERFACE ${ARGN})
        target_link_libraries(${gzip} INTERFACE sluice::sluice ZLIB::ZLIB)
    endif()
    if(SLUICE_ZSTD_INCLUDE AND SLUICE_ZSTD_LIBRARY)
        add_library(${zstd} INTERFACE ${ARGN})
        target_include_directories(${zstd} SYSTEM INTERFACE ${SLUICE_ZSTD_INCLUDE})
        target_link_libraries(${zstd} INTERFACE sluice::sluice ${SLUICE_ZSTD_LIBRARY})
    endif()
endfunction()
