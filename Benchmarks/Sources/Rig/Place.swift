// Where things are: the executables beside this one, a folder that is gone afterwards, a port that is free.
import BenchKit
public import Foundation

/// The path of an executable that was built with this one, of the product too: both packages are built in one folder.
public func sibling(_ name: String) throws -> String {
    let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = URL(fileURLWithPath: here).deletingLastPathComponent().appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
        throw Impossible("\(path) is not built: ./dev bench builds it")
    }
    return path
}

/// A temporary folder for the time that `body` runs.
public func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("paceline-bench-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

private func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

private func with<Result>(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
) -> Result {
    withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
}

/// A port that nobody listens on now.
public func freePort() throws -> UInt16 {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var any = address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard with(&any, { bind(fd, $0, length) == 0 && getsockname(fd, $0, &length) == 0 }) else {
        throw Impossible("no free port: errno \(errno)")
    }
    return UInt16(bigEndian: any.sin_port)
}

/// Waits until the child listens on the port.
public func awaitPort(_ port: UInt16, of child: Child) throws {
    let patience = Date(timeIntervalSinceNow: 5)
    while Date() < patience {
        guard child.isRunning else { throw Impossible("\(child.name) ended at once: \(child.complaint)") }
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        var target = address(port)
        if with(&target, { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }) == 0 { return }
        usleep(10_000)
    }
    throw Impossible("\(child.name) does not listen on port \(port) after five seconds")
}

/// What a server of this machine answers to a GET, head and all.
public func fetch(_ path: String, port: UInt16) throws -> String {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var target = address(port)
    guard with(&target, { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }) == 0 else {
        throw Impossible("nobody listens on port \(port): errno \(errno)")
    }
    let request = Array("GET \(path) HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".utf8)
    guard send(fd, request, request.count, 0) == request.count else {
        throw Impossible("port \(port) takes no request: errno \(errno)")
    }
    var answer = Data()
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = recv(fd, &piece, piece.count, 0)
        guard count >= 0 else { throw Impossible("port \(port) breaks off: errno \(errno)") }
        if count == 0 { return String(decoding: answer, as: UTF8.self) }
        answer += piece[..<count]
    }
}
