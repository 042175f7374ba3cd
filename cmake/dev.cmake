# What the project's own programs are built with; never exported.

set(CMAKE_CXX_EXTENSIONS OFF)

add_library(sluice_dev INTERFACE)
target_link_libraries(sluice_dev INTERFACE sluice::sluice)
foreach(component IN ITEMS sqlite zstd prometheus)
    if(TARGET sluice::${component})
        target_link_libraries(sluice_dev INTERFACE sluice::${component})
    endif()
endforeach()
# Both libraries that Gzip may stand on; a test names the one it means.
if(ZLIB_FOUND AND SLUICE_LIBDEFLATE_LIBRARY)
    target_link_libraries(sluice_dev INTERFACE ZLIB::ZLIB ${SLUICE_LIBDEFLATE_LIBRARY})
endif()
target_compile_options(sluice_dev INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror)

if(SLUICE_SANITIZE STREQUAL "address")
    target_compile_options(sluice_dev INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
    target_link_options(sluice_dev INTERFACE -fsanitize=address,undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # These two are a third of g++'s time, since every access is checked; clang, which is faster, has them.
        target_compile_options(sluice_dev INTERFACE -fno-sanitize=null,alignment)
    endif()
elseif(SLUICE_SANITIZE STREQUAL "thread")
    # Asio's fences are unknown to the sanitizer: without this g++ refuses them and clang sees races that are not there.
    target_compile_definitions(sluice_dev INTERFACE BOOST_ASIO_DISABLE_STD_ATOMIC)
    target_compile_options(sluice_dev INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(sluice_dev INTERFACE -fsanitize=thread)
elseif(SLUICE_SANITIZE)
    message(FATAL_ERROR "sluice: SLUICE_SANITIZE is '${SLUICE_SANITIZE}'; choose address, thread or nothing.")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 takes the frames of plain coroutines for mismatched when it optimizes or sanitizes.
    target_compile_options(sluice_dev INTERFACE -Wno-error=mismatched-new-delete)
endif()

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # A precompiled header is safe to cache by its content, which ccache does only when told. What one checkout built
    # serves another: paths below it count as relative.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
        CCACHE_NOHASHDIR=1 ${SLUICE_CCACHE})
endif()
