<# :
@echo off
rem Points Micro Machines World Series on this PC at the mmcos server {address}, and back:
rem
rem   setup.cmd         adds three lines to the hosts file and tests the connection
rem   setup.cmd undo    takes them out again
rem   setup.cmd test    only tests the connection
rem
rem It changes nothing else, keeps a copy of the hosts file as it was, and leaves a file alone that it does not
rem understand. The part for PowerShell, below, does the work; cmd only starts it.
setlocal
set "MMCOS_SCRIPT=%~f0"
set "MMCOS_ACTION=%~1"
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoLogo -NoProfile -ExecutionPolicy Bypass -Command "Invoke-Expression ([IO.File]::ReadAllText($env:MMCOS_SCRIPT))"
set "MMCOS_CODE=%ERRORLEVEL%"
if not "%MMCOS_CODE%"=="3" pause
exit /b %MMCOS_CODE%
#>

$ErrorActionPreference = 'Stop'
$server = '{address}'
$names = @({quoted_names})
$begin = '# mmcos begin (setup.cmd undo takes these lines out)'
$end = '# mmcos end'
# The lines of this script, with whatever server, and no others among them.
$ours = ($names | ForEach-Object { [regex]::Escape($_) }) -join '|'
$block = "(?m)^# mmcos begin[^\n]*\n(\S+ ($ours)\r?\n)*# mmcos end[^\n]*(\n|\z)"
$hosts = Join-Path $env:SystemRoot 'System32\drivers\etc\hosts'
$copy = "$hosts.before-mmcos"
$newline = "`r`n"
$handedOver = 3

function Fail([string] $why) {
    Write-Host "Nothing was changed: $why" -ForegroundColor Red
    exit 1
}

function Test-Administrator {
    $user = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    return $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

# Starts this script once more, with the rights to change the hosts file; Windows asks for them.
function Start-AsAdministrator([string] $action) {
    Write-Host 'Windows now asks whether this script may make changes: the hosts file belongs to the administrator.'
    $arguments = "/s /c `"`"$env:MMCOS_SCRIPT`" $action`""
    try {
        Start-Process -FilePath "$env:SystemRoot\System32\cmd.exe" -ArgumentList $arguments -Verb RunAs
    } catch { Fail "Windows did not give the rights. $_" }
    exit $handedOver
}

# The text of the hosts file, if this script understands it.
function Read-Hosts {
    if (-not (Test-Path -LiteralPath $hosts -PathType Leaf)) { Fail "there is no file $hosts." }
    $attributes = [IO.File]::GetAttributes($hosts)
    if ($attributes -band [IO.FileAttributes]::ReadOnly) {
        Fail "$hosts is write-protected. If that was not you, a protection program did it: ask it to allow the change."
    }
    if ($attributes -band [IO.FileAttributes]::ReparsePoint) { Fail "$hosts is a link, so another program manages it." }
    # Latin-1 has a character for every byte.
    $text = [Text.Encoding]::GetEncoding(28591).GetString([IO.File]::ReadAllBytes($hosts))
    if ($text -cmatch '[^\t\n\r\x20-\x7E]') { Fail "$hosts has characters that are not plain ASCII. Edit it by hand." }
    if ([regex]::Matches($text, $block).Count -gt 1 -or (Remove-Block $text) -cmatch '(?m)^# mmcos (begin|end)') {
        Fail "the lines of mmcos in $hosts are not as this script left them. Take them out by hand."
    }
    return $text
}

# The text without the lines of this script; the rest stays as it is, to the last byte.
function Remove-Block([string] $text) {
    return [regex]::Replace($text, $block, '')
}

function Get-Block {
    $lines = @($begin) + @($names | ForEach-Object { "$server $_" }) + @($end)
    return ($lines -join $newline) + $newline
}

# Lines for the game that are not of this script.
function Find-Foreign([string] $text) {
    foreach ($line in ($text -split "`n" -match $ours)) {
        $fields = @(($line -replace '#.*', '').Trim() -split '\s+')
        if (@($fields | Select-Object -Skip 1 | Where-Object { $names -contains $_ }).Count -gt 0) { $line.Trim() }
    }
}

function Test-Written([string] $path, [byte[]] $bytes) {
    return [Convert]::ToBase64String([IO.File]::ReadAllBytes($path)) -ceq [Convert]::ToBase64String($bytes)
}

# Writes the hosts file, and puts the old one back if that fails.
function Write-Hosts([string] $old, [string] $new) {
    $oldBytes = [Text.Encoding]::ASCII.GetBytes($old)
    $newBytes = [Text.Encoding]::ASCII.GetBytes($new)
    try {
        [IO.File]::WriteAllBytes($copy, $oldBytes)
        if (-not (Test-Written $copy $oldBytes)) { Fail "a copy of it could not be made at $copy." }
    } catch { Fail "a copy of it could not be made at $copy. $_" }
    $trouble = 'it does not read as it was written.'
    try {
        [IO.File]::WriteAllBytes($hosts, $newBytes)
        $written = Test-Written $hosts $newBytes
    } catch { $written = $false; $trouble = "$_" }
    if (-not $written) {
        try { [IO.File]::WriteAllBytes($hosts, $oldBytes) } catch { }
        if (Test-Written $hosts $oldBytes) { Fail "$hosts could not be written, and is as it was. $trouble" }
        Write-Host "$hosts is damaged. Put $copy in its place." -ForegroundColor Red
        exit 1
    }
    Write-Host "A copy of the hosts file as it was before: $copy"
    & "$env:SystemRoot\System32\ipconfig.exe" /flushdns | Out-Null
}

function Add-Lines {
    $old = Read-Hosts
    $rest = Remove-Block $old
    $foreign = @(Find-Foreign $rest)
    if ($foreign.Count -gt 0) {
        Fail "$hosts has other lines for the game. Take them out by hand:$newline$($foreign -join $newline)"
    }
    # First in the file, so that nothing depends on how it ends.
    $new = (Get-Block) + $rest
    if ($new -ceq $old) {
        Write-Host 'The lines are there already.'
        if ((Read-Host 'To take them out again, type undo; else press Enter') -eq 'undo') { Remove-Lines; exit 0 }
        return
    }
    Write-Hosts $old $new
    Write-Host "The game on this PC now uses the server $server." -ForegroundColor Green
}

function Remove-Lines {
    $old = Read-Hosts
    $new = Remove-Block $old
    if ($new -ceq $old) {
        Write-Host 'There is nothing to take out.'
        return
    }
    Write-Hosts $old $new
    Write-Host 'The lines are taken out.' -ForegroundColor Green
}

function Test-Port([int] $port) {
    $address = [Net.IPAddress]::Parse($server)
    $client = New-Object -TypeName Net.Sockets.TcpClient -ArgumentList $address.AddressFamily
    try {
        $attempt = $client.BeginConnect($address, $port, $null, $null)
        return $attempt.AsyncWaitHandle.WaitOne(5000) -and $client.Connected
    } catch { return $false } finally { $client.Close() }
}

function Test-Server {
    foreach ($name in $names) {
        try { $found = @([Net.Dns]::GetHostAddresses($name) | ForEach-Object { "$_" }) } catch { $found = @() }
        if ($found -notcontains $server) { Write-Host "$name is not $server yet: restart this PC." }
    }
    if (Test-Port 443) {
        Write-Host 'The server can be reached.' -ForegroundColor Green
        return
    }
    Write-Host "No answer from $server on port 443. Is the server running? Does a firewall or router keep you out?" -ForegroundColor Red
    exit 1
}

$action = "$env:MMCOS_ACTION"
if (@('', 'undo', 'test') -notcontains $action) { Fail "setup.cmd knows undo and test, and not $action." }
if ($action -eq 'test') { Test-Server; exit 0 }
if (-not (Test-Administrator)) { Start-AsAdministrator $action }
if ($action -eq 'undo') { Remove-Lines; exit 0 }
Add-Lines
Write-Host 'To take the lines out again, open this script once more.'
Test-Server
exit 0
