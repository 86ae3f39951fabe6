using System.Globalization;

namespace LibMars;

/// <summary>The C library that this package calls.</summary>
public static unsafe class MarsLibrary
{
    /// <summary>Its version, as "0.1.0".</summary>
    public static string Version => Utf8.Text(Native.mars_version());

    /// <summary>The crypto provider of its build, "mbedtls" or "openssl".</summary>
    public static string CryptoProvider => Utf8.Text(Native.mars_crypto_provider());

    /// <summary>
    /// Functions are only ever added, so a newer library will do as long as its ABI, which the
    /// major version numbers, is the same; in an older one something would be missing.
    /// </summary>
    internal static void Check(string found)
    {
        Version wanted = typeof(MarsLibrary).Assembly.GetName().Version!;
        if (System.Version.TryParse(found, out Version? version) && version.Major == wanted.Major
            && version.Minor >= wanted.Minor)
            return;
        throw new MarsException(MarsStatus.Unsupported, string.Create(
            CultureInfo.InvariantCulture,
            $"LibMars {wanted.ToString(3)} needs libmars {wanted.ToString(2)} or a newer "
            + $"{wanted.Major}.x, and found libmars \"{found}\""));
    }
}
