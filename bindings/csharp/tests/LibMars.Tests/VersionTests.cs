using Xunit;

namespace LibMars.Tests;

public sealed class VersionTests
{
    [Fact]
    public void The_library_is_of_this_packages_version()
    {
        Assert.Equal(typeof(Agent).Assembly.GetName().Version!.ToString(3), MarsLibrary.Version);
        Assert.Contains(MarsLibrary.CryptoProvider, (string[])["mbedtls", "openssl"]);
    }

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("0.1.7")]
    [InlineData("0.2.0")]
    public void A_library_of_the_same_abi_and_not_older_will_do(string version)
    {
        MarsLibrary.Check(version);
    }

    [Theory]
    [InlineData("0.0.9")]
    [InlineData("1.1.0")]
    [InlineData("")]
    [InlineData("new")]
    public void Another_one_is_named(string version)
    {
        var e = Assert.Throws<MarsException>(() => MarsLibrary.Check(version));
        Assert.Equal(MarsStatus.Unsupported, e.Status);
        Assert.Contains($"found libmars \"{version}\"", e.Message, StringComparison.Ordinal);
    }
}
